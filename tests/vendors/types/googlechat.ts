import type { chat_v1 } from "@googleapis/chat";

/** A message as it is created. */
export type Request = chat_v1.Schema$Message;
