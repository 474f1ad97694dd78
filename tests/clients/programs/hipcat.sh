# hipcat posts what it is given or what it reads, as a message, a notification or in private.
set -eu
printf '[hipchat]\naccess_token=%s\nbase_url=%s/\n' "$ADMIN_TOKEN" "$ROOT" >"$HOME/.hipcat.ini"
hipcat 1 -m hello
hipcat Dev%20Ops --notification -n -m note --color red -s me
hipcat 1 --notification -m unsigned
hipcat @JaneDoe -m private
echo piped | hipcat 1 -c
echo quoted | hipcat 'Dev Ops' -q
if hipcat nothing -m x; then exit 1; fi
