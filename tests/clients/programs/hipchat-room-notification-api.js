// hipchat-room-notification-api: notifications with cards, built piece by piece.
const assert = require('assert');
const Notification = require('hipchat-room-notification-api');

const { ROOT, ROOM_TOKEN } = process.env;
const notification = (message, room = 1) => {
  const made = new Notification(ROOT, room, ROOM_TOKEN);
  made.setMessage(message);
  return made;
};
const icons = ['https://example.com/1.png', 'https://example.com/2.png'];

(async () => {
  const plain = notification('plain');
  plain.setFrom('Node <b>');
  plain.setColor('green');
  plain.setTextMessageFormat();
  plain.shouldNotify();
  await plain.send();

  const medium = notification('with a card');
  medium.addCard('card-1', 'application', 'A title');
  medium.setCardToMediumFormat();
  medium.addCardDescription('about <b>it</b>', 'html');
  medium.addCardUrl('https://example.com/');
  medium.addCardThumbnailDetails(...icons, '100', '50');
  medium.addCardIconDetails(...icons);
  medium.addActivityWithIconDetails('<b>happened</b>', ...icons);
  medium.addCardAttribute('state', 'bad', 'lozenge-error');
  medium.addCardAttributeWithUrl('where', 'there', 'lozenge', 'https://example.com/');
  medium.addCardAttributeWithIcon('who', 'Jane', 'lozenge-success', icons[0]);
  medium.addCardAttributeWithIconAndUrl('how', 'so', 'lozenge', icons[0], icons[1]);
  await medium.send();

  const compact = notification('with a smaller card');
  compact.addCard('card-2', 'link', 'Another title');
  compact.setCardToCompactFormat();
  compact.addCardThumbnail(icons[0]);
  compact.addCardIcon(icons[0]);
  compact.addActivityWithIcon('happened', icons[0]);
  await compact.send();

  await assert.rejects(notification('elsewhere', 2).send());
})();
