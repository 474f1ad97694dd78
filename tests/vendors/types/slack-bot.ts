import type { MessageAttachment, MessageMetadata } from "@slack/types";

/** What chat.postMessage takes: the package has the types of its parts. */
export interface Request {
  channel: string;
  text?: string;
  attachments?: MessageAttachment[];
  username?: string;
  icon_url?: string;
  thread_ts?: string;
  metadata?: MessageMetadata;
  parse?: "full" | "none";
  link_names?: boolean;
  unfurl_links?: boolean;
  unfurl_media?: boolean;
}
