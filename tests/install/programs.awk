# Takes the blocks of code out of a Markdown file: ```cpp whose first line is "// NAME" becomes NAME, ```cmake becomes
# CMakeLists.txt, in the directory `to`; ```python whose first line is "# NAME" likewise.
/^```cmake/ { file = to "/CMakeLists.txt"; next }
/^```(cpp|python)/ { getline; file = to "/" $2; print > file; next }
/^```/ { file = ""; next }
file != "" { print > file }
