# SPDX-License-Identifier: MIT
#
# Completion for fish. The words are what the program itself says.

function __linebounce_commands
    linebounce help 2>/dev/null | string match -rg '^  ([a-z]+) +[a-z]' | string match -v linebounce
    echo help
end

function __linebounce_command
    set -l words (commandline -opc)
    test (count $words) -gt 1; and echo $words[2]
end

function __linebounce_options
    linebounce (__linebounce_command) --help 2>/dev/null | string match -rag -- '(?:^|[ ,])(--[a-z][a-z0-9-]*)' | sort -u
end

complete -c linebounce -n 'not count (__linebounce_command) >/dev/null' -f -a '(__linebounce_commands)'
complete -c linebounce -n 'count (__linebounce_command) >/dev/null' -a '(__linebounce_options)'
complete -c linebounce -n 'string match -qr "^(run|repeat)\$" (__linebounce_command)' \
    -a "(linebounce show suites 2>/dev/null | string match -rg '^([a-z]+) ')"
complete -c linebounce -n 'contains -- help (__linebounce_command)' -f -a '(__linebounce_commands) words'
