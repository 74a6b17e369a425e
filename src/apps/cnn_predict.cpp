// cnn-predict: classifies image files.

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cnn/classifier.hpp"
#include "cnn/error.hpp"
#include "cnn/image.hpp"

#include "apps/app.hpp"
#include "apps/command_line.hpp"
#include "apps/feature_file.hpp"
#include "apps/predict_files.hpp"
#include "apps/predict_output.hpp"
#include "apps/show_image.hpp"
#include "base/text.hpp"
#include "base/workers.hpp"
#include "data/picture_memory.hpp"

namespace cnn::app {
namespace {

// Answers come after so many pictures at the latest: it bounds memory, and a pipe gets them early.
constexpr std::size_t kTogether = 64;

// A picture, ready for the network; or the message of what is wrong with its file.
struct Prepared {
  std::optional<PreparedImage> image;
  Image before;  // for --show only
  std::string fault;
};

Prepared prepare(const PredictOptions& o, const Classifier& classifier, const std::string& file) {
  Prepared result;
  try {
    const Image picture = read_image(file);
    result.image = classifier.prepare(picture);
    if (o.show) result.before = thumbnail(picture, classifier.input());
  } catch (const FileError& error) {
    result.fault = error.what();
  }
  return result;
}

// Answers for the files from `begin` to `end`. Each unreadable one costs a line on stderr; returns
// whether there was none.
bool predict_some(const PredictOptions& o, Classifier& classifier, Workers& workers,
                  const std::vector<std::string>& files, std::size_t begin, std::size_t end,
                  PredictionWriter& writer, std::optional<FeatureFile>& features) {
  std::vector<Prepared> prepared(end - begin);
  workers.run(static_cast<int>(prepared.size()), [&](int, int task) {
    const auto i = static_cast<std::size_t>(task);
    prepared[i] = prepare(o, classifier, files[begin + i]);
  });
  std::vector<PreparedImage> images;
  std::vector<PredictedFile> results;
  std::vector<std::string> names;
  bool complete = true;
  for (std::size_t i = 0; i < prepared.size(); ++i) {
    if (!prepared[i].image) {
      write_lines(stderr, prepared[i].fault + "\n");
      complete = false;
      continue;
    }
    images.push_back(*std::move(prepared[i].image));
    results.push_back({files[begin + i], std::move(prepared[i].before), {}});
    names.push_back(files[begin + i]);
  }
  if (features) features->add(images, names);
  std::vector<Classification> found = classifier.classify_prepared(std::move(images));
  for (std::size_t i = 0; i < results.size(); ++i) {
    results[i].found = std::move(found[i]);
    writer.write(results[i]);
  }
  return complete;
}

// Of an answer as it is written, classes by their names; as JSON they are values, and twice a text.
std::size_t text_bytes(const PredictOptions& o, const std::vector<std::string>& classes) {
  constexpr std::size_t kPerValue = 1200;
  constexpr std::size_t kCopies = 8;
  std::size_t longest = 0, all = 0;
  for (const std::string& name : classes) {
    longest = std::max(longest, name.size());
    all += name.size();
  }
  const std::size_t listed = o.all ? classes.size() : std::min(o.top, classes.size());
  return listed * kPerValue + kCopies * std::min(all, listed * longest);
}

// What answering takes once the model is loaded: the largest pictures, and of each one what is
// kept until it is answered.
std::size_t predicting_bytes(const PredictOptions& o, const PictureFiles& found,
                             const Classifier& classifier, int threads) {
  constexpr std::size_t kTexts = 4000;
  constexpr std::size_t kPerClass = 2 * sizeof(double);
  const std::size_t kept =
      2 * classifier.input().size() + kPerClass * classifier.classes().size() + kTexts;
  std::size_t largest = 0;
  std::size_t names = 0;
  for (const std::string& file : found.files) {
    largest = std::max(largest, picture_bytes(file));
    names += sizeof(std::string) + file.size();
  }
  const std::size_t together = std::min(found.files.size(), kTogether);
  const std::size_t at_once = std::min(together, static_cast<std::size_t>(threads));
  return classifier.memory() + at_once * largest + together * kept + names +
         text_bytes(o, classifier.classes());
}

// One thread is as fast for few pictures, and takes less memory.
int useful_threads(std::size_t pictures) {
  constexpr std::size_t kFew = 16;
  return pictures > kFew ? Workers::available() : 1;
}

int predict(const PredictOptions& o) {
  require_feature_file(o.npy);
  const PictureFiles found = find_picture_files(o.images);
  const int threads = useful_threads(found.files.size());
  // First of all, what a model that asks for absurdly large images fails on.
  Classifier classifier(o.model, {o.invert, o.prepare, threads});
  Workers workers(threads);
  std::optional<FeatureFile> features;
  if (!o.npy.empty()) features.emplace(o.npy, o.model, o.layer, workers);
  announce_memory(predicting_bytes(o, found, classifier, threads) +
                      (features ? features->memory(found.files.size()) : 0),
                  o.quiet);
  for (const std::string& fault : found.faults) write_lines(stderr, fault + "\n");
  if (found.passed_over > 0) {
    write_lines(stderr, "note: " + std::to_string(found.passed_over) +
                            (found.passed_over == 1 ? " file that is" : " files that are") +
                            " no picture passed over\n");
  }
  bool complete = found.faults.empty();
  const std::unique_ptr<PredictionWriter> writer = make_prediction_writer(o, classifier);
  for (std::size_t begin = 0; begin < found.files.size(); begin += kTogether) {
    const std::size_t end = std::min(begin + kTogether, found.files.size());
    complete = predict_some(o, classifier, workers, found.files, begin, end, *writer, features) &&
               complete;
  }
  writer->end();
  if (features) features->write();
  return complete ? kDone : kFile;
}

}  // namespace
}  // namespace cnn::app

int main(int argc, char** argv) {
  cnn::app::PredictOptions options;
  return cnn::app::run(argc, argv, options, [&] { return cnn::app::predict(options); });
}
