// All of the library.

#pragma once

#include "cnn/classifier.hpp"
#include "cnn/dataset.hpp"
#include "cnn/error.hpp"
#include "cnn/evaluation.hpp"
#include "cnn/image.hpp"
#include "cnn/metrics.hpp"
#include "cnn/prepared_image.hpp"
#include "cnn/shape.hpp"
#include "cnn/training_observer.hpp"
#include "cnn/training_run.hpp"
#include "cnn/version.hpp"
