# SPDX-License-Identifier: MIT
#
# Completion for fish. The words are what the program itself says.

function __linebounce_names
    linebounce help --names $argv 2>/dev/null
end

function __linebounce_command
    set -l words (commandline -opc)
    test (count $words) -gt 1; and echo $words[2]
end

complete -c linebounce -n 'not count (__linebounce_command) >/dev/null' -f -a '(__linebounce_names commands)'
complete -c linebounce -n 'count (__linebounce_command) >/dev/null' \
    -a '(__linebounce_names options (__linebounce_command))'
complete -c linebounce -n 'string match -qr "^(run|repeat)\$" (__linebounce_command)' -a '(__linebounce_names suites)'
complete -c linebounce -n 'contains -- show (__linebounce_command)' -f -a '(__linebounce_names things)'
complete -c linebounce -n 'contains -- help (__linebounce_command)' -f -a '(__linebounce_names topics)'
