// Says which class a model takes a picture for: classify MODEL PICTURE.

#include <cstdio>
#include <exception>
#include <span>

#include <cnn/evaluate.hpp>
#include <cnn/image.hpp>
#include <cnn/model.hpp>
#include <cnn/prepare_image.hpp>

namespace {

void classify(const char* model_file, const char* picture_file) {
  const cnn::Model model = cnn::load_model(model_file);
  // Brings a picture of any size and colour to what the network was trained on.
  const cnn::PreparedImage image = cnn::prepare_image(
      cnn::read_image(picture_file), model.info.input, model.info.images, cnn::Invert::automatic);
  cnn::Workers workers(1);
  const cnn::PixelTable table(model.info.preprocessing, model.info.input);
  cnn::Inference inference(model.network, table, workers);
  inference.run(
      1, [&](std::size_t) { return std::span(image.pixels); },
      [&](std::size_t, cnn::CView outputs) {
        std::printf("%s\n", model.info.classes[cnn::arg_max(outputs)].c_str());
      });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: classify MODEL PICTURE\n", stderr);
    return 2;
  }
  try {
    classify(argv[1], argv[2]);
  } catch (const std::exception& error) {  // those of the library are complete messages
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
