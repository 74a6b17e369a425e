// What is wrong with a page, told without a browser.

#pragma once

#include <string>

namespace cnn {

// The first mistake, or empty: a tag that is not closed or closed twice, an id that is there twice,
// a link within the page that leads nowhere, anything fetched from elsewhere, a picture without
// text for those who do not see it.
std::string html_mistake(const std::string& page);

}  // namespace cnn
