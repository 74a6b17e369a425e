#include <cstdio>

#include <cnn/evaluate.hpp>
#include <cnn/image.hpp>
#include <cnn/model.hpp>

int main(int, char** argv) {
  const cnn::Model model = cnn::load_model(argv[1]);
  const cnn::Image image = cnn::read_image(argv[2]);
  cnn::Workers workers(1);
  const cnn::PixelTable table(model.info.preprocessing, model.info.input);
  cnn::Inference(model.network, table, workers)
      .run(
          1, [&](std::size_t) { return std::span(image.pixels); },
          [&](std::size_t, cnn::CView outputs) {
            std::printf("%s\n", model.info.classes[cnn::arg_max(outputs)].c_str());
          });
}
