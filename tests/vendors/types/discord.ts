import type {
  AllowedMentionsTypes,
  APIAllowedMentions,
  RESTPostAPIWebhookWithTokenJSONBody,
} from "discord-api-types/v10";

/** A webhook's message. JSON has values where the package has enums. */
export type Request = Omit<RESTPostAPIWebhookWithTokenJSONBody, "allowed_mentions" | "flags"> & {
  allowed_mentions: Omit<APIAllowedMentions, "parse"> & { parse: `${AllowedMentionsTypes}`[] };
  flags: number;
};
