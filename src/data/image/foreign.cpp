#include "data/image/foreign.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>

namespace cnn {
namespace {

struct Signature {
  std::string_view name;
  bool is_picture;
  std::size_t at;
  std::string_view bytes;
};

// Of files that begin alike the more special one comes first.
template <std::size_t n>
constexpr std::string_view raw(const char (&bytes)[n]) {
  return {bytes, n - 1};
}

constexpr bool kPicture = true;

constexpr Signature kSignatures[] = {
    {"Canon raw pictures", kPicture, 4, "ftypcrx "},
    {"AVIF pictures", kPicture, 4, "ftypavif"},
    {"AVIF pictures", kPicture, 4, "ftypavis"},
    {"HEIC pictures", kPicture, 4, "ftyphe"},
    {"HEIC pictures", kPicture, 4, "ftypmif1"},
    {"HEIC pictures", kPicture, 4, "ftypmsf1"},
    {"MP4 videos", false, 4, "ftyp"},
    {"Canon raw pictures", kPicture, 0, raw("II*\0\x10\0\0\0CR")},
    {"TIFF pictures", kPicture, 0, raw("II*\0")},
    {"TIFF pictures", kPicture, 0, raw("MM\0*")},
    {"TIFF pictures", kPicture, 0, raw("II+\0")},
    {"TIFF pictures", kPicture, 0, raw("MM\0+")},
    {"Panasonic raw pictures", kPicture, 0, raw("IIU\0")},
    {"Olympus raw pictures", kPicture, 0, "IIRO"},
    {"Fujifilm raw pictures", kPicture, 0, "FUJIFILMCCD-RAW"},
    {"Photoshop (PSD) pictures", kPicture, 0, "8BPS"},
    {"GIMP (XCF) pictures", kPicture, 0, "gimp xcf"},
    {"JPEG XL pictures", kPicture, 0, "\xff\x0a"},
    {"JPEG XL pictures", kPicture, 0, raw("\0\0\0\x0cJXL ")},
    {"JPEG 2000 pictures", kPicture, 0, raw("\0\0\0\x0cjP  ")},
    {"JPEG 2000 pictures", kPicture, 0, "\xff\x4f\xff\x51"},
    {"icons (ICO)", kPicture, 0, raw("\0\0\1\0")},
    {"Targa (TGA) pictures", kPicture, 0, raw("\0\0\2\0\0\0\0\0")},
    {"cursors (CUR)", kPicture, 0, raw("\0\0\2\0")},
    {"icons (ICNS)", kPicture, 0, "icns"},
    {"OpenEXR pictures", kPicture, 0, "\x76\x2f\x31\x01"},
    {"Radiance HDR pictures", kPicture, 0, "#?RADIANCE"},
    {"Radiance HDR pictures", kPicture, 0, "#?RGBE"},
    {"DDS textures", kPicture, 0, "DDS "},
    {"KTX textures", kPicture, 0, "\xabKTX "},
    {"QOI pictures", kPicture, 0, "qoif"},
    {"FLIF pictures", kPicture, 0, "FLIF"},
    {"BPG pictures", kPicture, 0, "BPG\xfb"},
    {"PAM pictures", kPicture, 0, "P7\n"},
    {"PFM pictures", kPicture, 0, "PF\n"},
    {"PFM pictures", kPicture, 0, "Pf\n"},
    {"XPM pictures", kPicture, 0, "/* XPM */"},
    {"Sun raster pictures", kPicture, 0, "\x59\xa6\x6a\x95"},
    {"DjVu documents", kPicture, 0, "AT&TFORM"},
    {"DICOM pictures", kPicture, 128, "DICM"},
    {"FITS pictures", kPicture, 0, "SIMPLE  ="},
    {"EMF drawings", kPicture, 40, " EMF"},
    {"WMF drawings", kPicture, 0, "\xd7\xcd\xc6\x9a"},
    {"PostScript files", kPicture, 0, "%!PS"},
    {"MNG animations", kPicture, 0, "\x8aMNG"},
    {"PDF documents", false, 0, "%PDF"},
    {"AVI videos", false, 8, "AVI "},
    {"WAV sounds", false, 8, "WAVE"},
    {"Matroska videos", false, 0, "\x1a\x45\xdf\xa3"},
    {"ZIP archives", false, 0, "PK\3\4"},
    {"gzip files", false, 0, "\x1f\x8b"},
    {"7z archives", false, 0, "7z\xbc\xaf"},
    {"RAR archives", false, 0, "Rar!"},
    {"xz files", false, 0, "\xfd\x37zXZ"},
    {"NumPy files", false, 0, "\x93NUMPY"},
    {"HDF5 files", false, 0, "\x89HDF"},
    {"IDX files of pictures", false, 0, raw("\0\0\x08\x03")},
    {"IDX files of pictures", false, 0, raw("\0\0\x08\x04")},
    {"IDX files of labels", false, 0, raw("\0\0\x08\x01")},
    {"programs", false, 0,
     "\x7f"
     "ELF"},
};

// "<svg", "<!DOCTYPE html" … within the beginning of a text, in any case.
bool mentions(std::string_view text, std::string_view what) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(text.begin(), text.end(), what.begin(), what.end(), same) != text.end();
}

ForeignFormat markup(std::string_view bytes) {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  if (bytes.starts_with(kMark)) bytes.remove_prefix(kMark.size());
  const std::size_t start = bytes.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos || bytes[start] != '<') return {};
  const std::string_view text = bytes.substr(start, 1024);
  if (mentions(text, "<html") || mentions(text, "<!doctype html")) return {"HTML pages", false};
  if (mentions(text, "<svg")) return {"SVG drawings", true};
  return {"XML files", false};
}

}  // namespace

ForeignFormat foreign_format(std::string_view bytes) {
  for (const Signature& signature : kSignatures) {
    if (bytes.size() < signature.at) continue;
    if (bytes.substr(signature.at).starts_with(signature.bytes)) {
      return {signature.name, signature.is_picture};
    }
  }
  return markup(bytes);
}

}  // namespace cnn
