import { defineContent } from '@dimp/dkd';
import { z } from 'zod';

/** A question with answers to choose from. */
export const Poll = defineContent({
  // Your own kinds begin with a domain of yours, so that they meet nobody else's.
  kind: 'com.example/poll',
  // What selects the type on the wire. 204 is "an application's own content": peers without this plug-in know what that
  // is, and the three words say which application, module and action it belongs to.
  match: { type: '204', app: 'com.example.polls', mod: 'poll', act: 'ask' },
  // Any Standard Schema describes the body: zod, valibot, arktype, or the one in @dimp/foundation/schema. What a peer
  // sends passes it before you see it.
  schema: z.object({
    question: z.string().min(1).max(200),
    options: z.array(z.string().min(1).max(80)).min(2).max(10),
  }),
  // Goes along as `text`, for clients that do not have this plug-in.
  fallback: (poll) => `Poll: ${poll.question} (${poll.options.join(' / ')})`,
});
