# The module of community.general; then its callback, which reports on a play that does nothing.
set -eu
folder=$(dirname "$0")
play() {
    ansible-playbook --inventory localhost, "$1"
}
play "$folder/playbook.yml"
cat >nothing.yml <<'PLAY'
- name: Nothing
  hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Look
      ansible.builtin.meta: noop
PLAY
export ANSIBLE_CALLBACKS_ENABLED=community.general.hipchat HIPCHAT_TOKEN="$ROOM_TOKEN"
HIPCHAT_ROOM=1 HIPCHAT_API_VERSION=v2 HIPCHAT_FROM='A name beyond fifteen' play nothing.yml
HIPCHAT_ROOM='Dev Ops' play nothing.yml
