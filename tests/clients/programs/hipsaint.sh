# hipsaint tells what Nagios found, over either version; version 1 is its default.
set -eu
host='web1|Mon Feb 3 2014|PROBLEM|192.0.2.1|DOWN|no answer'
service='HTTP|web1|Mon Feb 3 2014|RECOVERY|192.0.2.1|OK|200 <em>fine</em>'
for type in host medium-host short-host; do
    hipsaint -t "$ROOM_TOKEN" -r 1 -T "$type" -i "$host" -n
done
# In Python 3 it divides 204 by 100 and finds that it is not 2: it fails after it has told.
for type in service medium-service short-service; do
    if hipsaint -t "$ROOM_TOKEN" -r 'Dev Ops' -V 2 -T "$type" -i "$service" -H "$HOST" 2>error; then
        exit 1
    fi
    grep -q JSONDecodeError error
done
hipsaint -t "$ADMIN_TOKEN" -r 1 -u Monitor -f text -T short-service -i "$service"
