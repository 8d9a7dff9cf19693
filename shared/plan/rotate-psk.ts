import { z } from 'zod';
import { keyLengths } from '../rotation/make-key.ts';

const { min, max, usual } = keyLengths;
const range = `must be a whole number from ${min} to ${max}`;

/** That a fresh key is to be made for each tunnel, and of how many characters. `true` means the usual number. */
export const RotatePsk = z
  .preprocess(
    (given) => (given === true ? {} : given),
    z.strictObject(
      {
        length: z
          .int(range)
          .min(min, range)
          .max(max, range)
          .default(usual)
          .meta({
            description: `How many characters it gets, ${min} to ${max}.`,
          }),
      },
      {
        error: ({ code }) =>
          code === 'invalid_type' ? 'must be true or an object with a length' : undefined,
      },
    ),
  )
  .meta({
    id: 'RotatePsk',
    description:
      'Makes a fresh pre-shared key for each tunnel of every target: `true`, or its length. Not beside a `Psk` in `set`.',
    override: {
      oneOf: [
        { type: 'boolean', const: true },
        {
          type: 'object',
          properties: { length: { type: 'integer', minimum: min, maximum: max, default: usual } },
          additionalProperties: false,
        },
      ],
    },
  });
export type RotatePsk = z.infer<typeof RotatePsk>;
