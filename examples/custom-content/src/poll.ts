import { defineContent } from '@dimp/dkd';
import { z } from 'zod';

/** A poll: a question with options. */
export const Poll = defineContent({
  // Start your own kinds with a domain of yours to avoid conflicts.
  kind: 'com.example/poll',
  // The members that select the type on the wire. 204 is "application content", which all peers know. The three words name
  // the application, the module and the action.
  match: { type: '204', app: 'com.example.polls', mod: 'poll', act: 'ask' },
  // Any Standard Schema can describe the body: zod, valibot, arktype, or @dimp/foundation/schema. The data of peers is
  // checked before your code sees it.
  schema: z.object({
    question: z.string().min(1).max(200),
    options: z.array(z.string().min(1).max(80)).min(2).max(10),
  }),
  // Sent as `text`, for clients without this plug-in.
  fallback: (poll) => `Poll: ${poll.question} (${poll.options.join(' / ')})`,
});
