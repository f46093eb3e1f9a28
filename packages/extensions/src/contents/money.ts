import { type ContentType, defineContent } from '@dimp/dkd';
import { nonEmpty, number, object, optional } from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';

/** An amount of money. It is a statement, not a payment: verify payments elsewhere (spec §9.2). */
export interface MoneyBody {
  /** Such as `RMB`, `USD`, `USDT`. */
  readonly currency: string;
  readonly amount: number;
}

/** A transfer of money. */
export interface TransferBody extends MoneyBody {
  /** The payer. */
  readonly remitter?: ID;
  /** The payee. */
  readonly remittee?: ID;
}

/** Money, type 64 (spec §9.2). */
export const Money: ContentType<'money', MoneyBody> = /* @__PURE__ */ defineContent({
  kind: 'money',
  match: { type: '64' },
  schema: () => object({ currency: nonEmpty, amount: number }),
});

/** A transfer, type 65 (spec §9.2). */
export const Transfer: ContentType<'transfer', TransferBody> = /* @__PURE__ */ defineContent({
  kind: 'transfer',
  match: { type: '65' },
  schema: ({ id }) =>
    object({
      currency: nonEmpty,
      amount: number,
      remitter: optional(id),
      remittee: optional(id),
    }),
});
