# Completion for bash: source this file, from ~/.bashrc or as /etc/bash_completion.d/oauth-server. The program itself says what may
# follow, commands, options and their values; it reads neither settings nor the database for that.

_oauth_server() {
    local line="${COMP_LINE:0:COMP_POINT}" word="${COMP_WORDS[COMP_CWORD]}" IFS=$'\n'
    line="${line#* }"
    COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:${#line}]" "$line" 2>/dev/null | grep -v '^[-/][?h]$')" -- "$word"))
}
complete -F _oauth_server oauth-server
