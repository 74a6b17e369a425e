#include "support/picture_sets.hpp"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <stdexcept>

#include "cnn/image.hpp"

#include "support/idx_writer.hpp"

namespace cnn {
namespace {

namespace fs = std::filesystem;

std::string number(std::size_t i) {
  const std::string digits = std::to_string(i);
  return std::string(3 - digits.size(), '0') + digits;
}

void write_names(const fs::path& path, std::size_t count, const Dataset& dataset) {
  std::ofstream file(path);
  for (std::size_t k = 0; k < count; ++k) {
    file << (k < dataset.class_names.size() ? dataset.class_names[k] : "none" + std::to_string(k))
         << "\n";
  }
}

void write_records(const fs::path& path, const Dataset& dataset) {
  std::ofstream file(path, std::ios::binary);
  for (std::size_t i = 0; i < dataset.count(); ++i) {
    file.put(static_cast<char>(dataset.labels[i]));
    for (const std::uint8_t pixel : dataset.image(i)) file.put(static_cast<char>(pixel));
  }
}

void write_rows(std::ofstream& table, const fs::path& dir, const std::string& part,
                const Dataset& dataset) {
  for (std::size_t i = 0; i < dataset.count(); ++i) {
    const std::string name = "pictures/" + part + number(i) + ".png";
    write_picture(dir / name, dataset, i);
    table << name << ";" << dataset.class_names[dataset.labels[i]] << ";" << part << "\n";
  }
}

}  // namespace

Dataset make_pets(std::size_t count, std::size_t classes, std::uint32_t seed) {
  const Dataset mixed = make_dataset({3, 32, 32}, count * classes, classes, seed);
  Dataset sorted;
  sorted.shape = mixed.shape;
  for (std::size_t k = 0; k < classes; ++k) {
    for (std::size_t i = k; i < mixed.count(); i += classes) {
      const auto image = mixed.image(i);
      sorted.pixels.insert(sorted.pixels.end(), image.begin(), image.end());
      sorted.labels.push_back(static_cast<std::uint16_t>(k));
    }
    sorted.class_names.push_back(kPetNames.at(k));
  }
  return sorted;
}

void write_picture(const fs::path& path, const Dataset& dataset, std::size_t i) {
  const auto pixels = dataset.image(i);
  fs::create_directories(path.parent_path());
  write_png(path, {dataset.shape, {pixels.begin(), pixels.end()}});
}

void write_folders(const fs::path& dir, const Dataset& dataset) {
  for (std::size_t i = 0; i < dataset.count(); ++i) {
    write_picture(dir / dataset.class_names[dataset.labels[i]] / (number(i) + ".png"), dataset, i);
  }
}

void write_pets(std::string_view format, const fs::path& dir, const Dataset& train,
                const Dataset& test) {
  fs::create_directories(dir);
  if (format == "idx") {
    write_dataset(dir, DataPart::train, train);
    write_dataset(dir, DataPart::test, test);
    write_names(dir / "classes.txt", train.class_names.size(), train);
  } else if (format == "cifar") {
    write_records(dir / "data_batch_1.bin", train);
    write_records(dir / "test_batch.bin", test);
    write_names(dir / "batches.meta.txt", 10, train);
  } else if (format == "folder") {
    write_folders(dir / "train", train);
    write_folders(dir / "test", test);
  } else if (format == "csv") {
    std::ofstream table(dir / "all.csv");
    table << "Filename;ClassId;split\n";
    write_rows(table, dir, "train", train);
    write_rows(table, dir, "test", test);
  } else {
    throw std::invalid_argument("no example of the format " + std::string(format));
  }
}

}  // namespace cnn
