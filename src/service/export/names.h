/* service/export/names.h - the name that each exported picture gets: safe on any file system, unique, and the same next time.
 *
 *   class/name.ext    the class's name and the name that the picture came with, where they can be kept
 *
 * What file systems do not hold or give a meaning (control characters, / \ : * ? " < > |, a '.', '-' or blank in front, a '.' or blank at
 * the end, names that Windows keeps for devices) is percent-encoded, and so is '%' in a class's name, which assay import decodes.  A name
 * without the ending of its format gets it, for programs that go by endings.  Names that differ in capitals only count as the same: the
 * second is name-2.ext.  Pictures without a class are in "unsorted".
 *
 * Nothing is lost by it: every format says the class and the name as they are. */
#ifndef AY_SERVICE_EXPORT_NAMES_H
#define AY_SERVICE_EXPORT_NAMES_H

#include "service/export/list.h"

enum { AY_EXPORT_PART = 200 }; /* bytes of one part of a name, at most */

/* Fill items[].path; flat: without the class's folder, so that the last part alone is unique. */
ay_status ay_export_names(ay_export_list *l, bool flat, ay_err *err);
/* One part of a path made safe; percent: '%' too, so that it can be decoded.  dst has AY_EXPORT_PART + 1 bytes.  "" stays "". */
void ay_export_safe(char *dst, const char *name, bool percent);
/* The reverse: "%2F" is "/" again; dst has cap bytes. */
void ay_export_unsafe(char *dst, size_t cap, const char *name);
/* The ending that pictures of a format usually have: "jpg". */
const char *ay_export_ending(const char *format);

#endif
