# SPDX-License-Identifier: MIT
#
# Completion for bash. The words are what the program itself says: its tables are the only list.

_linebounce_commands()
{
    linebounce help 2>/dev/null | sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p' | grep -vx linebounce
    echo help
}

# Options of a command, from its --help.
_linebounce_options()
{
    linebounce "$1" --help 2>/dev/null | grep -oE -- '(^|[ ,])--[a-z][a-z0-9-]*' | tr -d ' ,' | sort -u
}

# What an option takes, one word a line.
_linebounce_values()
{
    case $1 in
    -l | --layout | --baseline | --against) linebounce show layouts | sed -n 's/^\([a-z][a-z0-9-]*\):.*/\1/p' ;;
    -s | --scenario) linebounce show scenarios | sed -n 's/^\([a-z][a-z-]*\) .*/\1/p' ;;
    -k | --lock) linebounce show locks | sed -n 's/^\([a-z][a-z0-9_]*\) .*/\1/p' ;;
    --color) printf '%s\n' auto always never ;;
    esac 2>/dev/null
}

_linebounce_positionals()
{
    case $1 in
    run | repeat) linebounce show suites 2>/dev/null | sed -n 's/^\([a-z]*\) .*/\1/p' ;;
    show) linebounce show --help 2>/dev/null | tr '\n' ' ' | sed -n 's/.*WHAT is one of: \([^.]*\)\..*/\1/p' | tr -d , |
        tr ' ' '\n' ;;
    help)
        _linebounce_commands
        echo words
        ;;
    esac
}

# words PREVIOUS CURRENT COMMAND: what may stand there; a list is completed at its last comma.
_linebounce_words()
{
    local values before=
    values=$(_linebounce_values "$1")
    if [ -n "$values" ]; then
        case $2 in *,*) before=${2%,*}, ;; esac
        # shellcheck disable=SC2001 # each line
        echo "$values" | sed "s/^/$before/"
    else
        case $2 in
        -*) _linebounce_options "$3" ;;
        *) _linebounce_positionals "$3" ;;
        esac
    fi
}

_linebounce()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    [ "$current" != = ] || current=
    [ "$previous" != = ] || previous=${COMP_WORDS[COMP_CWORD - 2]}
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_linebounce_commands)" -- "$current")
    else
        mapfile -t COMPREPLY < <(compgen -W "$(_linebounce_words "$previous" "$current" "${COMP_WORDS[1]}")" -- "$current")
    fi
}

complete -o default -F _linebounce linebounce
