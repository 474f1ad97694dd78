# hipchav lists rooms and posts. (Over version 1 it needs Python 2, and a list under another name.)
set -eu
export HIPCHAT_V2_TOKEN="$ADMIN_TOKEN"
test "$(hipchav.py rooms)" = "Dev Ops
Secret"
hipchav.py message 1 'said by hand'
hipchav.py message -c red -n --format html 'Dev Ops' 'said in <b>red</b>'
