# zenoss-hipchat tells what Zenoss found, by version 1.
set -eu
export HIPCHAT_TOKEN="$ROOM_TOKEN" HIPCHAT_ROOM=1 HIPCHAT_API_ENDPOINT="$HOST"
for severity in 0 2 4 5; do
    zenoss-hipchat -d web1 -i 'no answer' -c http -s "$severity" \
        -u http://192.0.2.1/event -m 'no answer for a minute'
done
zenoss-hipchat -d web1 -i 'no answer' -c http -s 5 -u http://192.0.2.1/event \
    -m 'answers again' -o -b 'a later event'
HIPCHAT_ROOM='Dev Ops' HIPCHAT_FROM=Z zenoss-hipchat -d d -i i -c c -s 3 -u u -m m
