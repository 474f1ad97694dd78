import type { MessageAttachment } from "@slack/types";

/** What an incoming webhook takes: the package has the types of its parts. */
export interface Request {
  text?: string;
  attachments?: MessageAttachment[];
  parse?: "full" | "none";
  link_names?: boolean;
  unfurl_links?: boolean;
  unfurl_media?: boolean;
}
