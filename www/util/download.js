// Saving files from the page.

/** Offers a file as a download. @param {Blob} blob @param {string} name */
export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // Later: the download may not have begun yet.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
