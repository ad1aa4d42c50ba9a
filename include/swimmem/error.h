/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The errors of the model, each with its one errno and its own text.
 */
#ifndef SWIMMEM_ERROR_H
#define SWIMMEM_ERROR_H

#include <linux/errno.h>

#define SWIM_EMISALIGNED	EINVAL		/* cannot be aligned so, or makes no sense */
#define SWIM_EOVERSIZED		E2BIG		/* larger than this heap or hold can ever give */
#define SWIM_ENOMEM		ENOMEM		/* out of memory now */
#define SWIM_EUNSUPPORTED	EOPNOTSUPP	/* this heap, hold or type does not do that */
#define SWIM_ECLEARED		ENOENT		/* the lease owns nothing */
#define SWIM_EALIASED		EBUSY		/* pinned, or still in use */
#define SWIM_EOCCUPIED		EEXIST		/* the lease owns something, the name is taken */
#define SWIM_ECORRUPT		EUCLEAN		/* a tag is not what its lease says */
#define SWIM_ERELOCATING	EINPROGRESS	/* being moved right now */
#define SWIM_ECONTENDED		EAGAIN		/* others were faster, too often */
#define SWIM_EHARD		EOVERFLOW	/* more hard leases than can be counted */
#define SWIM_ESOFT		ERANGE		/* more soft leases than can be counted */
#define SWIM_EREF		EUSERS		/* more ref leases than can be counted */
#define SWIM_EUTF8		EILSEQ		/* no valid UTF-8 */
#define SWIM_ECONTEXT		EPERM		/* sleeps, and nobody may here */

const char *swim_error_text(int err);

#endif
