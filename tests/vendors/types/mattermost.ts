import type { MessageAttachment } from "@mattermost/types/message_attachments";

/** What an incoming webhook takes: the package has the type of attachments. */
export interface Request {
  text?: string;
  attachments?: MessageAttachment[];
  username?: string;
  icon_url?: string;
  channel?: string;
  silent?: boolean;
  props?: Record<string, unknown>;
}
