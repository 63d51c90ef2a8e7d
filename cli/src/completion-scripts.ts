/**
 * What a shell needs: it asks `flotilla __complete` for the candidates of the last word, so that nothing in these
 * scripts goes stale. A line ":file" means: complete file names.
 */
export const completionScripts = {
  bash: `# flotilla completion for bash. Load it: source <(flotilla completion bash)
_flotilla() {
  local cur words cword prefix line
  if declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref -n =: cur words cword
  else
    cur="\${COMP_WORDS[COMP_CWORD]}"; words=("\${COMP_WORDS[@]}"); cword=$COMP_CWORD
  fi
  COMPREPLY=()
  while IFS= read -r line; do
    if [ "$line" = ":file" ]; then
      compopt -o default 2>/dev/null
      continue
    fi
    COMPREPLY+=("$line")
    case "$line" in */|*=) compopt -o nospace 2>/dev/null ;; esac
  done < <(flotilla __complete -- "\${words[@]:1:cword}" 2>/dev/null)
}
complete -F _flotilla flotilla
`,
  zsh: `#compdef flotilla
# flotilla completion for zsh. Load it: source <(flotilla completion zsh)
_flotilla() {
  local -a lines plain open
  local line
  lines=("\${(@f)$(flotilla __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in $lines; do
    case "$line" in
      :file) _files ;;
      */|*=) open+=("$line") ;;
      *) plain+=("$line") ;;
    esac
  done
  (( $#plain )) && compadd -a plain
  (( $#open )) && compadd -S '' -a open
}
if [ "$funcstack[1]" = "_flotilla" ]; then _flotilla; else compdef _flotilla flotilla; fi
`,
  fish: `# flotilla completion for fish. Load it: flotilla completion fish | source
function __flotilla_complete
  set -l words (commandline -opc) (commandline -ct)
  for line in (flotilla __complete -- $words[2..-1] 2>/dev/null)
    if test "$line" = ":file"
      __fish_complete_path (commandline -ct)
    else
      echo $line
    end
  end
end
complete -c flotilla -f -a '(__flotilla_complete)'
`,
} as const;
