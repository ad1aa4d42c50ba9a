// SPDX-License-Identifier: GPL-2.0-only
/*
 * Box: one value of a type. What is not here is in box.h, in one line each.
 */
#include "../compat.h"
#include "../lease/ptr.h"
#include "../lease/raw.h"

/**
 * swim_box_new - make a value
 * @box: empty
 * @hold: where it lives
 * @type: what it is; must live as long as its values
 * @gfp: what to do when the hold must grow for it; sleeps if it says so
 *
 * The value is zeroed: its own leases are empty.
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: 0; -EEXIST when the box owns a value; -E2BIG when the type is larger than the
 * hold can ever give; -ENOMEM; -EINVAL without box, hold or type. On an error nothing has
 * changed. (Model: residents, Box)
 */
int swim_box_new(struct swim_box *box, struct swim_hold *hold, const struct swim_type *type,
		 gfp_t gfp)
{
	if (unlikely(!box || IS_ERR_OR_NULL(hold) || !type))
		return -SWIM_EMISALIGNED;
	return swim_raw_own(&box->raw, hold, type->size, (unsigned long)type, gfp);
}
EXPORT_SYMBOL_GPL(swim_box_new);

/**
 * swim_ptr_box_new - make a value, with one pointer as its lease
 * @box: empty
 * @hold: where it lives
 * @type: what it is; must live as long as its values
 * @gfp: what to do when the hold must grow for it; sleeps if it says so
 *
 * Context: Any but NMI, as @gfp allows.
 * Return: as swim_box_new(). (Model: residents, Box; leases, Ptr)
 */
int swim_ptr_box_new(struct swim_ptr_box *box, struct swim_hold *hold,
		     const struct swim_type *type, gfp_t gfp)
{
	struct swim_body body;

	if (unlikely(!box || IS_ERR_OR_NULL(hold) || !type))
		return -SWIM_EMISALIGNED;
	body.meta = swim_meta_typed(type);
	return swim_ptr_own(&box->ptr, hold, &body, gfp);
}
EXPORT_SYMBOL_GPL(swim_ptr_box_new);

/**
 * swim_box_type - what a box owns
 * @box: any
 *
 * Context: Any but NMI, by the owner.
 * Return: the type of its value, or NULL when it is empty.
 */
const struct swim_type *swim_box_type(const struct swim_box *box)
{
	return !box || swim_box_is_empty(box) ? NULL : swim_meta_type(box->raw.meta);
}
EXPORT_SYMBOL_GPL(swim_box_type);
