const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Control characters of Unicode (category Cc): C0, DEL and C1. */
export const hasControl = (text: string): boolean => CONTROL.test(text);
