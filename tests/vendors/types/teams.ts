import type { IAdaptiveCard } from "@microsoft/teams.cards";

/** What a flow takes: the package has the types of cards. */
export interface Request {
  type: "message";
  summary: string;
  attachments: [
    { contentType: "application/vnd.microsoft.card.adaptive"; content: IAdaptiveCard },
  ];
}
