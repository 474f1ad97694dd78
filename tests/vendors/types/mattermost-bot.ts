import type { MessageAttachment } from "@mattermost/types/message_attachments";
import type { Post } from "@mattermost/types/posts";

/** A post as it is created: the server adds the rest. */
export type Request = Pick<Post, "channel_id" | "message" | "pending_post_id"> &
  Partial<Pick<Post, "root_id" | "file_ids">> & {
    props: { attachments?: MessageAttachment[]; hipkit_message: string };
  };
