// Which way a pass goes through a layer.

#pragma once

namespace cnn {

enum class Way { forward, back };

}  // namespace cnn
