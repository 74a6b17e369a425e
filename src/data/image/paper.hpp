// Tells the ink of a picture from what it was drawn on, however that is lit.

#pragma once

#include <optional>

#include "data/image/gray.hpp"

namespace cnn {

// A sheet that lies on something else, or has a frame, straight or a little askew, of one tone or
// of several inside one another: what is around it becomes as light as the sheet is. The picture
// becomes the sheet's bounding box, which is returned; nothing changes if there is no such thing.
Box leave_frame_out(Gray& picture);

// Is the paper the lighter one of the picture's two tones? The picture's border says so, if it is
// of one tone and evenly lit; nothing if it does not.
std::optional<bool> paper_is_light(const Gray& picture);

struct Ink {
  Gray gray;  // 0 is paper, 255 ink
  bool evenly_lit = false;
  double contrast = 0;  // of ink and paper before they were stretched to 0 and 255, in levels
};

// Light ink on dark paper becomes ink alone. Where the light is uneven, the paper's level is
// estimated for each place. Nothing if no ink stands out from the paper and its noise.
std::optional<Ink> ink_of(const Gray& picture);

// The same for a drawing that is small on its sheet, where ink_of sees but the light's unevenness.
std::optional<Ink> small_ink_of(const Gray& picture);

}  // namespace cnn
