"""Writes a manual page: of a command from its --help, or of cnn.yaml from configs/README.md.

Usage: manual.py command VERSION DATE COMMAND [OTHER-COMMAND…] > COMMAND.1   (COMMAND is a path)
       manual.py keys VERSION DATE README COMMAND… > cnn.yaml.5              (commands to see also)
"""

import pathlib
import re
import subprocess
import sys

# Where the page of cnn.yaml ends: what follows is about commands and accuracies.
END_OF_KEYS = "## The commands in detail"


def plain(text):
    """Text as roff reads it."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text)


def marked(text):
    """The same of a line of Markdown: what is in backquotes becomes bold, of links their text stays."""
    text = re.sub(r",? ?\[below\]\([^)]*\)", "", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    parts = text.split("`")
    return "".join(f"\\fB{plain(part)}\\fR" if i % 2 else plain(part) for i, part in enumerate(parts))


def head(name, section, version, date, brief):
    return [f'.TH {name.upper()} {section} "{date}" "cnn {version}"', ".SH NAME", f"{plain(name)} \\- {plain(brief)}"]


def see_also(pages):
    names = [f".BR {plain(name)} ({section})" for name, section in pages]
    return [".SH SEE ALSO"] + [name + " ," for name in names[:-1]] + names[-1:]


def command_page(version, date, command, others):
    text = subprocess.run([command, "--help"], check=True, capture_output=True, text=True).stdout
    name = pathlib.Path(command).name
    about, rest = text.split("\nUsage: ", 1)
    about = about.replace("\n", " ")
    brief = about.rstrip(".")
    page = head(name, 1, version, date, brief[0].lower() + brief[1:])
    usage, rest = rest.split("\n", 1)
    page += [".SH SYNOPSIS", f".B {plain(name)}", plain(usage.split(" ", 1)[1]), ".SH DESCRIPTION", plain(about)]
    page += ["The keys of the configuration are those of", ".BR cnn.yaml (5).", ".SH OPTIONS"]
    for block in rest.strip().split("\n\n"):
        title, *lines = block.split("\n")
        title = title.rstrip(":")
        if title == "Examples":
            page += [".SH EXAMPLES", ".nf"] + [plain(line.strip()) for line in lines] + [".fi"]
        elif title == "Exit codes":
            page += [".SH EXIT STATUS", " ".join(plain(line.strip()) for line in lines) + "."]
        else:
            if title != "Options":
                page += [f".SS {plain(title)}"]
            for line in lines:
                option, _, tail = line.strip().partition("  ")
                if line.startswith("   "):
                    page.append(plain(line.strip()))
                    continue
                page += [".TP", f".B {plain(option)}"]
                if tail:
                    page.append(plain(tail.strip()))
    return page + see_also([(other, 1) for other in others if other != name] + [("cnn.yaml", 5)])


def cells_of(row):
    return [cell.strip() for cell in row.strip("|").split("|")]


def table(rows):
    """Of keys, with defaults and values said; of anything else, cell after cell."""
    titles, page = cells_of(rows[0]), []
    for row in rows[2:]:
        first, *others = cells_of(row)
        if titles[0] == "key":
            meaning, default, values = others
            text = marked(meaning)
            if default:
                text += f". Default: {marked(default)}" if default != "required" else ". Required"
            if values:
                text += f". Values: {marked(values)}"
        else:
            text = "; ".join(marked(cell) for cell in others if cell)
        page += [".TP", marked(first), text + "."]
    return page


def keys_page(version, date, readme, commands):
    text = readme.read_text(encoding="utf-8").split(END_OF_KEYS)[0]
    page = head("cnn.yaml", 5, version, date, "the configuration of a run of cnn-train")
    page += [".SH DESCRIPTION"]
    lines = text.splitlines()[1:]
    at = 0
    fresh = True  # a paragraph begins
    while at < len(lines):
        line = lines[at]
        at += 1
        if line.startswith("```"):
            page += [".PP", ".RS", ".nf"]
            while not lines[at].startswith("```"):
                page.append(plain(lines[at]) or "\\&")
                at += 1
            page += [".fi", ".RE"]
            at += 1
        elif line.startswith("#"):
            level, title = line.split(" ", 1)
            title = marked(title).replace("\\fB", "").replace("\\fR", "")
            page.append(f'.{"SH" if len(level) == 2 else "SS"} "{title}"')
        elif line.startswith("|"):
            rows = [line]
            while at < len(lines) and lines[at].startswith("|"):
                rows.append(lines[at])
                at += 1
            page += table(rows)
        elif line.startswith("- "):
            page += [".IP \\(bu 2", marked(line[2:])]
        elif not line:
            fresh = True
            continue
        else:
            if fresh and not page[-1].startswith((".SH", ".SS")):
                page.append(".PP")
            page.append(marked(line.strip()))
        fresh = line.startswith(("|", "```"))
    return page + see_also([(command, 1) for command in commands])


def main():
    what, version, date, subject, *names = sys.argv[1:]
    page = (command_page(version, date, subject, names) if what == "command"
            else keys_page(version, date, pathlib.Path(subject), names))
    sys.stdout.reconfigure(encoding="utf-8")
    print("\n".join(page))


if __name__ == "__main__":
    main()
