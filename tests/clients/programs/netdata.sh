# Netdata's alarm-notify.sh: the three alarms that it sends to try a notification.
set -eu
cat >"$HOME/health_alarm_notify.conf" <<SETTINGS
SEND_EMAIL="NO"
SEND_HIPCHAT="YES"
HIPCHAT_SERVER="$HOST"
HIPCHAT_AUTH_TOKEN="$ROOM_TOKEN"
DEFAULT_RECIPIENT_HIPCHAT="1"
role_recipients_hipchat[sysadmin]="1"
SETTINGS
export NETDATA_USER_CONFIG_DIR="$HOME" NETDATA_STOCK_CONFIG_DIR="$HOME" NETDATA_CACHE_DIR="$HOME"
export NETDATA_HOSTNAME=web1
bash /usr/lib/netdata/plugins.d/alarm-notify.sh test
