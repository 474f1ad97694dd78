# The gem `hipchat`, over both versions: what CI servers and deployment tools in Ruby notify with.
require 'json'
require 'tmpdir'
require 'uri'

# It calls what Ruby 3 took away.
unless URI.respond_to?(:escape)
  def URI.escape(text)
    URI::DEFAULT_PARSER.escape(text)
  end
end
require 'hipchat'

ROOT = ENV.fetch('ROOT')
TOKEN = ENV.fetch('ADMIN_TOKEN')

def check(is, should)
  raise "#{is.inspect} is not #{should.inspect}" unless is == should
end

def refused(error)
  yield
rescue error
  nil
else
  raise "#{error} was expected"
end

def connect(version, token = TOKEN)
  HipChat::Client.new(token, api_version: version, server_url: ROOT)
end

second = connect('v2')
check(second.rooms.map(&:name), ['Dev Ops', 'Secret'])
check(second.users.map(&:email).first, 'admin@example.com')
room = second['Dev Ops']
check(room.get_room['id'], 1)
room.send('Deploy', 'a <b>note</b>', color: 'red', notify: true)
room.send('Deploy', 'a text', message_format: 'text')
room.topic('topic by version 2', from: 'Deploy')
room.invite('bob@example.com', 'please')
file = File.join(Dir.tmpdir, 'hipchat-report.txt')
File.write(file, 'all is well')
File.open(file) { |open| room.send_file('Deploy', 'the report', open) }
said = JSON.parse(room.history('max-results': 10))['items'].map { |one| one['message'] }
check(said.take(2), ['a <b>note</b>', 'a text'])
check(JSON.parse(room.statistics)['messages_sent'], 4)
check(second.create_room('Ruby', privacy: 'private', guest_access: false)['id'], 3)
second['Ruby'].update_room(name: 'Ruby Renamed', topic: 'saved', owner: { id: 2 })

jane = second.user('jane@example.com')
jane.send('a word')
File.open(file) { |open| jane.send_file('the report for you', open) }
check(JSON.parse(jane.history('max-results': 10))['items'].length, 2)
File.delete(file)

refused(HipChat::UnknownRoom) { second['nothing'].send('Deploy', 'x') }
refused(HipChat::Unauthorized) { connect('v2', 'wrong')['1'].send('Deploy', 'x') }
notifier = connect('v2', ENV.fetch('ROOM_TOKEN'))
notifier['Dev Ops'].send('Deploy', "by the room's token")

first = connect('v1')
check(first.rooms.map(&:name), ['Dev Ops', 'Secret', 'Ruby Renamed'])
check(first.users.map(&:mention_name).include?('JaneDoe'), true)
room = first['Dev Ops']
check(room.get_room['room']['topic'], 'topic by version 2')
room.send('Deploy', 'by version 1', notify: true, color: 'green')
room.topic('topic by version 1')
check(JSON.parse(room.history)['messages'].last['message'].include?('topic by version 1'), true)
first.create_room('Older', owner_user_id: 2, privacy: 'private', guest_access: false)
refused(HipChat::UnknownRoom) { first['nothing'].send('Deploy', 'x') }
refused(HipChat::Unauthorized) { connect('v1', 'wrong')['1'].send('Deploy', 'x') }

# Last: it forgets the server's address over this, for all people at once.
check(second.user('jane@example.com').view.mention_name, 'JaneDoe')
check(first.user(2).view.user['name'], 'Jane Doe')
