# SPDX-License-Identifier: MIT
#
# Completion for bash. The words are what the program itself says: its tables are the only list.

_linebounce_names()
{
    linebounce help --names "$@" 2>/dev/null
}

# What an option takes, one word a line.
_linebounce_values()
{
    case $1 in
    -l | --layout | --baseline) _linebounce_names layouts ;;
    -s | --scenario) _linebounce_names scenarios ;;
    -k | --lock) _linebounce_names locks ;;
    --color) printf '%s\n' auto always never ;;
    esac
}

_linebounce_positionals()
{
    case $1 in
    run | repeat) _linebounce_names suites ;;
    show) _linebounce_names things ;;
    help) _linebounce_names topics ;;
    esac
}

# words PREVIOUS CURRENT COMMAND [result]: what may stand there; a list is completed at its last comma.
_linebounce_words()
{
    local values before="" command=("$3")
    [ "$4" != result ] || command+=(result)
    values=$(_linebounce_values "$1")
    if [ -n "$values" ]; then
        case $2 in *,*) before=${2%,*}, ;; esac
        # shellcheck disable=SC2001 # each line
        echo "$values" | sed "s/^/$before/"
    else
        case $2 in
        -*) _linebounce_names options "${command[@]}" ;;
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
        mapfile -t COMPREPLY < <(compgen -W "$(_linebounce_names commands)" -- "$current")
    else
        mapfile -t COMPREPLY < <(compgen -W "$(_linebounce_words "$previous" "$current" "${COMP_WORDS[1]}" "${COMP_WORDS[2]}")" -- "$current")
    fi
}

complete -o default -F _linebounce linebounce
