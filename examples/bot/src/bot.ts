import { Bot, rateLimit } from '@dimp/chat/bot';
import type { DimClient } from '@dimp/chat/client';

/** What the bot remembers of a person who orders: the answer it waits for. A type of JSON, so that it can be kept in a store. */
type Order = { readonly asking: 'pizza' | 'address'; readonly pizza?: string };

const PIZZAS = ['margherita', 'funghi', 'diavola'];

/** Makes a bot that rolls dice, takes orders for pizzas, and repeats everything else. */
export function makeBot(client: DimClient): Bot<Order> {
  return new Bot<Order>({ client })
    .use(rateLimit({ messages: 20, notice: 'One after the other, please.' }))
    .command('roll', 'rolls a die: /roll, or /roll 20', async ({ command, reply }) => {
      const sides = Number(command.args[0] ?? 6);
      if (!Number.isInteger(sides) || sides < 2 || sides > 1000) {
        await reply('A die has 2 to 1000 sides.');
        return;
      }
      await reply(`You roll ${1 + Math.floor(Math.random() * sides)}.`);
    })
    .command('pizza', 'takes an order', async (context) => {
      context.session = { asking: 'pizza' };
      await context.reply(`Which one? ${PIZZAS.join(', ')}`);
    })
    .command('cancel', 'forgets the order', async (context) => {
      context.session = undefined;
      await context.reply('Cancelled.');
    })
    .on('text', async (context) => {
      const { session, text, reply } = context;
      if (session === undefined) {
        await reply(text);
      } else if (session.asking === 'address') {
        context.session = undefined;
        await reply(`A ${session.pizza} comes to ${text}.`);
      } else if (PIZZAS.includes(text.toLowerCase())) {
        context.session = { pizza: text.toLowerCase(), asking: 'address' };
        await reply('Where to?');
      } else {
        await reply(`There is no such pizza. Which one? ${PIZZAS.join(', ')}`);
      }
    })
    .on('image', ({ react }) => react('👍'));
}
