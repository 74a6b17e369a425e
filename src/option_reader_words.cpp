#include "option_reader_words.hpp"

#include <algorithm>
#include <array>

namespace cnn {
namespace {

// Words are in the form that `plain` gives.
constexpr std::array kKeys = {
    ForeignWord{"learningrate", "alpha", "the learning rate"},
    ForeignWord{"lr", "alpha", "the learning rate"},
    ForeignWord{"lr0", "alpha", "the learning rate"},
    ForeignWord{"baselr", "alpha", "the learning rate"},
    ForeignWord{"rate", "alpha", "the learning rate"},
    ForeignWord{"eta", "alpha", "the learning rate"},
    ForeignWord{"α", "alpha", "α"},
    ForeignWord{"lrmult", "alpha", "a layer's own learning rate"},
    ForeignWord{"weightdecay", "lambda", "the weight decay"},
    ForeignWord{"wd", "lambda", "the weight decay"},
    ForeignWord{"decay", "lambda", "the weight decay"},
    ForeignWord{"l2", "lambda", "the weight decay"},
    ForeignWord{"regularization", "lambda", "the weight decay"},
    ForeignWord{"decaymult", "lambda", "a layer's own weight decay"},
    ForeignWord{"λ", "lambda", "λ"},
    ForeignWord{"μ", "momentum", "μ"},
    ForeignWord{"mu", "momentum", "μ"},
    ForeignWord{"optimizer", "solver", "the rule of a step"},
    ForeignWord{"optimiser", "solver", "the rule of a step"},
    ForeignWord{"nesterov", "solver", "the rule of a step"},
    ForeignWord{"β1", "beta1", "β1"},
    ForeignWord{"β2", "beta2", "β2"},
    ForeignWord{"eps", "epsilon", "ε"},
    ForeignWord{"ε", "epsilon", "ε"},
    ForeignWord{"gradclip", "clip", "the largest norm of the gradient"},
    ForeignWord{"clipnorm", "clip", "the largest norm of the gradient"},
    ForeignWord{"clipgradnorm", "clip", "the largest norm of the gradient"},
    ForeignWord{"clipgradients", "clip", "the largest norm of the gradient"},
    ForeignWord{"gradientclipping", "clip", "the largest norm of the gradient"},
    ForeignWord{"maxgradnorm", "clip", "the largest norm of the gradient"},
    ForeignWord{"emadecay", "ema", "the decay of the averaged weights"},
    ForeignWord{"modelema", "ema", "the decay of the averaged weights"},
    ForeignWord{"movingaverage", "ema", "the decay of the averaged weights"},
    ForeignWord{"labelsmoothing", "label_smoothing", "the smoothing of the labels"},
    ForeignWord{"smoothing", "label_smoothing", "the smoothing of the labels"},
    ForeignWord{"classweight", "class_weights", "the classes' weights"},
    ForeignWord{"classweights", "class_weights", "the classes' weights"},
    ForeignWord{"earlystopping", "patience", "the epochs to wait for a better accuracy"},
    ForeignWord{"earlystop", "patience", "the epochs to wait for a better accuracy"},
    ForeignWord{"filters", "count", "the number of kernels"},
    ForeignWord{"numfilters", "count", "the number of kernels"},
    ForeignWord{"numoutput", "count", "the number of outputs"},
    ForeignWord{"outputs", "count", "the number of outputs"},
    ForeignWord{"channels", "count", "the number of output channels"},
    ForeignWord{"outchannels", "count", "the number of output channels"},
    ForeignWord{"outfeatures", "count", "the number of outputs"},
    ForeignWord{"features", "count", "the number of outputs"},
    ForeignWord{"units", "count", "the number of outputs"},
    ForeignWord{"neurons", "count", "the number of outputs"},
    ForeignWord{"size", "kernel", "the kernel's size"},
    ForeignWord{"kernelsize", "kernel", "the kernel's size"},
    ForeignWord{"poolsize", "kernel", "the window's size"},
    ForeignWord{"filtersize", "kernel", "the kernel's size"},
    ForeignWord{"window", "kernel", "the window's size"},
    ForeignWord{"strides", "stride", "the step from window to window"},
    ForeignWord{"step", "stride", "the step from window to window"},
    ForeignWord{"padding", "pad", "the padding"},
    ForeignWord{"group", "groups", "the number of groups"},
    ForeignWord{"numgroups", "groups", "the number of groups"},
    ForeignWord{"dilationrate", "dilation", "the distance from tap to tap"},
    ForeignWord{"dilations", "dilation", "the distance from tap to tap"},
    ForeignWord{"usebias", "bias", "whether there is a bias"},
    ForeignWord{"biasterm", "bias", "whether there is a bias"},
    ForeignWord{"weightfiller", "init", "the initialisation"},
    ForeignWord{"initializer", "init", "the initialisation"},
    ForeignWord{"initialiser", "init", "the initialisation"},
    ForeignWord{"kernelinitializer", "init", "the initialisation"},
    ForeignWord{"std", "deviation", "the standard deviation"},
    ForeignWord{"stddev", "deviation", "the standard deviation"},
    ForeignWord{"sigma", "deviation", "the standard deviation"},
    ForeignWord{"inputs", "from", "what a layer takes its inputs from"},
    ForeignWord{"input", "from", "what a layer takes its inputs from"},
    ForeignWord{"bottom", "from", "what a layer takes its inputs from"},
    ForeignWord{"p", "rate", "the probability of dropping a value"},
    ForeignWord{"dropoutratio", "rate", "the probability of dropping a value"},
    ForeignWord{"eps", "epsilon", "what is added to the variance"},
    ForeignWord{"negativeslope", "slope", "the slope below zero"},
    ForeignWord{"alpha", "slope", "the slope below zero"},
    ForeignWord{"globalpooling", "global", "pooling of the whole image"},
    ForeignWord{"ceilmode", "round", "what becomes of a remainder (ceil or floor)"},
    ForeignWord{"roundmode", "round", "what becomes of a remainder (ceil or floor)"},
    ForeignWord{"pooling", "type", "the kind of pooling"},
    ForeignWord{"mode", "type", "the kind of pooling"},
    ForeignWord{"batchsize", "batch", "the number of images of a step"},
    ForeignWord{"maxepochs", "epochs", "the number of epochs"},
    ForeignWord{"numepochs", "epochs", "the number of epochs"},
    ForeignWord{"maxiter", "steps", "the number of steps"},
    ForeignWord{"iterations", "steps", "the number of steps"},
    ForeignWord{"maxsteps", "steps", "the number of steps"},
    ForeignWord{"lrpolicy", "schedule", "the course of the learning rate"},
    ForeignWord{"scheduler", "schedule", "the course of the learning rate"},
    ForeignWord{"lrschedule", "schedule", "the course of the learning rate"},
    ForeignWord{"stepsize", "every", "the number of steps between two changes"},
    ForeignWord{"γ", "gamma", "γ"},
    ForeignWord{"warmupsteps", "warmup", "the length of the warm-up"},
    ForeignWord{"randomseed", "seed", "the seed"},
    ForeignWord{"workers", "threads", "the number of threads"},
    ForeignWord{"numworkers", "threads", "the number of threads"},
    ForeignWord{"snapshot", "checkpoint_every", "the time between two checkpoints"},
    ForeignWord{"layers", "network", "the list of layers"},
    ForeignWord{"model", "network", "the list of layers"},
    ForeignWord{"net", "network", "the list of layers"},
    ForeignWord{"train", "training", "the section on training"},
    ForeignWord{"solver", "training", "the section on training"},
    ForeignWord{"optimizer", "training", "the section on training"},
    ForeignWord{"dataset", "data", "the section on data"},
    ForeignWord{"criterion", "loss", "the loss"},
    ForeignWord{"path", "dir", "the directory"},
    ForeignWord{"directory", "dir", "the directory"},
    ForeignWord{"root", "dir", "the directory"},
    ForeignWord{"names", "classes", "the list of class names"},
    ForeignWord{"classnames", "classes", "the list of class names"},
    ForeignWord{"augmentation", "augment", "the distortion of training images"},
    ForeignWord{"augmentations", "augment", "the distortion of training images"},
    ForeignWord{"distortion", "augment", "the distortion of training images"},
    ForeignWord{"translate", "shift", "the largest shift in pixels"},
    ForeignWord{"translation", "shift", "the largest shift in pixels"},
    ForeignWord{"rotation", "rotate", "the largest angle in degrees"},
    ForeignWord{"rotationrange", "rotate", "the largest angle in degrees"},
    ForeignWord{"degrees", "rotate", "the largest angle in degrees"},
    ForeignWord{"zoom", "scale", "the largest change of size"},
    ForeignWord{"zoomrange", "scale", "the largest change of size"},
    ForeignWord{"shearrange", "shear", "the largest shear"},
    ForeignWord{"hflip", "flip", "the probability of swapping left and right"},
    ForeignWord{"horizontalflip", "flip", "the probability of swapping left and right"},
    ForeignWord{"mirror", "flip", "the probability of swapping left and right"},
    ForeignWord{"cutout", "erase", "blanking a square"},
    ForeignWord{"randomerasing", "erase", "blanking a square"},
    ForeignWord{"valsize", "validation", "the number of images held out"},
    ForeignWord{"validationsize", "validation", "the number of images held out"},
};

constexpr std::array kLayers = {
    ForeignWord{"convolution", "conv", ""},
    ForeignWord{"convolutional", "conv", ""},
    ForeignWord{"conv2d", "conv", ""},
    ForeignWord{"dense", "fc", ""},
    ForeignWord{"linear", "fc", ""},
    ForeignWord{"innerproduct", "fc", ""},
    ForeignWord{"fullyconnected", "fc", ""},
    ForeignWord{"connected", "fc", ""},
    ForeignWord{"ip", "fc", ""},
    ForeignWord{"maxpool", "pool", ""},
    ForeignWord{"maxpool2d", "pool", ""},
    ForeignWord{"maxpooling2d", "pool", ""},
    ForeignWord{"avgpool", "pool", ""},
    ForeignWord{"avgpool2d", "pool", ""},
    ForeignWord{"averagepooling2d", "pool", ""},
    ForeignWord{"globalavgpool", "pool", ""},
    ForeignWord{"globalaveragepooling2d", "pool", ""},
    ForeignWord{"adaptiveavgpool2d", "pool", ""},
    ForeignWord{"pooling", "pool", ""},
    ForeignWord{"logistic", "sigmoid", ""},
    ForeignWord{"leakyrelu", "leaky_relu", ""},
    ForeignWord{"lrelu", "leaky_relu", ""},
    ForeignWord{"bn", "batch_norm", ""},
    ForeignWord{"batchnorm", "batch_norm", ""},
    ForeignWord{"batchnorm1d", "batch_norm", ""},
    ForeignWord{"batchnorm2d", "batch_norm", ""},
    ForeignWord{"batchnormalization", "batch_norm", ""},
    ForeignWord{"batchnormalisation", "batch_norm", ""},
    ForeignWord{"eltwise", "add", ""},
    ForeignWord{"sum", "add", ""},
    ForeignWord{"residual", "add", ""},
    ForeignWord{"concatenate", "concat", ""},
    ForeignWord{"route", "concat", ""},
    ForeignWord{"softmax", "", "leave it out: the loss softmax_cross_entropy contains it"},
    ForeignWord{"flatten", "", "leave it out: fc takes an image as it is"},
    ForeignWord{"reshape", "", "leave it out: fc takes an image as it is"},
    ForeignWord{"input", "", "leave it out: the shape of the input comes from the data"},
};

std::string plain(std::string_view word) {
  std::string result;
  for (const char c : word) {
    if (c == '-' || c == '_' || c == ' ') continue;
    result += 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return result;
}

}  // namespace

const ForeignWord* find_foreign_key(std::string_view key, std::span<const std::string> accepted) {
  const std::string word = plain(key);
  const auto found = std::find_if(kKeys.begin(), kKeys.end(), [&](const ForeignWord& w) {
    return w.word == word && std::find(accepted.begin(), accepted.end(), w.here) != accepted.end();
  });
  return found == kKeys.end() ? nullptr : &*found;
}

const ForeignWord* find_foreign_layer(std::string_view type) {
  const std::string word = plain(type);
  const auto found = std::find_if(kLayers.begin(), kLayers.end(),
                                  [&](const ForeignWord& w) { return w.word == word; });
  return found == kLayers.end() ? nullptr : &*found;
}

}  // namespace cnn
