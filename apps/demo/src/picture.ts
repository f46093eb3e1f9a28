/** A PNG picture of a sun, 32 by 32 pixels. */
export const PICTURE: Buffer = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAMAAABEpIrGAAAACVBMVEX///8UeL71qh7P8aNMAAAAX0lEQVR42r2TQQoAIQwDtf9/tAdlazXu' +
    'iIg5miFIm6Z0U/kT2BLJk8iPhL+aKcLdqomItiNrfyCE34h1QIiQfh9xBzDTxD7w4JO/g8JR87Jw3VwYrByXlmvPh7NxeqcqhskDpUyE97EA' +
    'AAAASUVORK5CYII=',
  'base64',
);
