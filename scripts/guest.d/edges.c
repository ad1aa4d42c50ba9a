// SPDX-License-Identifier: GPL-2.0-only
/*
 * Edges: does to files what no reasonable program does, in many processes at once, while the files come and go.
 *
 *	edges SECONDS SEED PROCESSES FOLDER...
 *
 * Each process goes through all that is below the folders, opens any file, and reads, writes, seeks, polls, maps, sends
 * and truncates there, at offsets and with sizes at random, and with bytes at random, or numbers. What is read must be
 * text, and must not have an address of a 64-bit kernel. Every errno must be one that says what is wrong. The last
 * line has what was done; the status is 1 when anything was wrong.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SIZE	(1 << 20)
#define PATHS	4096
#define OPS	16	/* on a file that is open, at the most */

#define COUNTS(X)								\
	X(OPENED, "opened") X(READ, "read") X(BYTES, "bytes read")		\
	X(WRITTEN, "written") X(ACCEPTED, "writes accepted") X(SOUGHT, "sought") \
	X(POLLED, "polled") X(MAPPED, "mapped") X(SENT, "sent")			\
	X(TRUNCATED, "truncated") X(CONTROLLED, "ioctls") X(REFUSED, "refused")

#define COUNT(name, text)	name,
enum count { COUNTS(COUNT) COUNT_N };
#undef COUNT

static unsigned long *counts;	/* of all processes */
static char *buffer, *paths[PATHS];
static unsigned int path_count;
static uint64_t state;

static void count(enum count what, unsigned long n)
{
	__atomic_fetch_add(&counts[what], n, __ATOMIC_RELAXED);
}

static uint64_t any(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1dULL;
}

static uint32_t below(uint32_t n)
{
	return (any() >> 32) * n >> 32;
}

/* Any order of magnitude. */
static uint64_t any_large(unsigned int bits)
{
	return any() >> (63 - below(bits));
}

static size_t any_size(void)
{
	size_t size = any_large(21);

	return size < SIZE ? size : SIZE;
}

static void wrong(const char *path, const char *what)
{
	fprintf(stderr, "edges: %s: %s: %s\n", path, what, strerror(errno));
	exit(1);
}

/* What may be said of a file that cannot do it, of an argument that makes no sense, of a pool that goes. */
static void refused(const char *path, const char *what)
{
	static const int fine[] = {
		EINVAL, EIO, ENOENT, ENODEV, ENXIO, ENOTTY, ESPIPE, EPERM, EACCES, ERANGE, EFBIG, EOVERFLOW, ENOMEM,
		EAGAIN, EBUSY, EFAULT, EOPNOTSUPP, EBADF, EROFS,
	};
	unsigned int n;

	for (n = 0; n < sizeof(fine) / sizeof(*fine); n++) {
		if (errno == fine[n]) {
			count(REFUSED, 1);
			return;
		}
	}
	wrong(path, what);
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* Two f and fourteen digits. */
static bool is_address(const char *at, size_t left)
{
	size_t n;

	for (n = 0; n < 16 && n < left && (n < 2 ? at[n] == 'f' : is_hex(at[n])); n++)
		;
	return n == 16;
}

static void look(const char *path, const char *text, size_t size)
{
	size_t n;

	count(READ, 1);
	count(BYTES, size);
	errno = 0;
	for (n = 0; n < size; n++) {
		if ((text[n] < ' ' || text[n] > '~') && text[n] != '\n' && text[n] != '\t')
			wrong(path, "what was read is no text");
		if (text[n] == 'f' && is_address(text + n, size - n))
			wrong(path, "what was read has an address");
	}
}

/* A number, or anything. */
static size_t fill(void)
{
	size_t n, size = any_size();

	if (below(2))
		return sprintf(buffer, below(4) ? "%lu\n" : "-%lu", (unsigned long)any_large(64));
	for (n = 0; n + 8 <= size; n += 8)
		*(uint64_t *)(buffer + n) = any();
	return size;
}

static void any_read(const char *path, int file)
{
	ssize_t size = below(2) ? read(file, buffer, any_size()) : pread(file, buffer, any_size(), any_large(63));

	if (size < 0)
		refused(path, "read");
	else
		look(path, buffer, size);
}

static void any_write(const char *path, int file)
{
	size_t size = fill();
	ssize_t done = below(2) ? write(file, buffer, size) : pwrite(file, buffer, size, any_large(63));

	count(WRITTEN, 1);
	if (done < 0)
		refused(path, "write");
	else
		count(ACCEPTED, 1);
}

static void any_seek(const char *path, int file)
{
	const off_t at = any_large(64);

	count(SOUGHT, 1);
	if (lseek(file, below(2) ? at : -at, below(6)) < 0)
		refused(path, "seek");
}

static void any_poll(const char *path, int file)
{
	struct pollfd poll_one = { file, any(), 0 };

	count(POLLED, 1);
	if (poll(&poll_one, 1, below(2)) < 0)
		refused(path, "poll");
}

static void any_map(const char *path, int file)
{
	const size_t size = any_size() + 1;
	void *map = mmap(NULL, size, below(8), 1 + below(2), file, any_large(40) & ~4095UL);

	count(MAPPED, 1);
	if (map == MAP_FAILED)
		refused(path, "map");
	else
		munmap(map, size);
}

static void any_send(const char *path, int file)
{
	off_t at = any_large(63);
	int null = open("/dev/null", O_WRONLY);

	count(SENT, 1);
	if (sendfile(null, file, below(2) ? &at : NULL, any_size()) < 0)
		refused(path, "send");
	close(null);
}

static void any_truncation(const char *path, int file)
{
	count(TRUNCATED, 1);
	if (below(2) ? ftruncate(file, any_large(63)) : fallocate(file, below(4), any_large(40), any_large(40)))
		refused(path, "truncate");
}

static void any_ioctl(const char *path, int file)
{
	count(CONTROLLED, 1);
	if (ioctl(file, any_large(32), buffer) < 0)
		refused(path, "ioctl");
}

static void (*const ops[])(const char *path, int file) = {
	any_read, any_read, any_read, any_write, any_write, any_seek, any_poll, any_map, any_send, any_truncation,
	any_ioctl,
};

static void any_file(const char *path)
{
	static const int modes[] = { O_RDONLY, O_RDONLY, O_WRONLY, O_RDWR };
	unsigned int n = below(OPS);
	int file = open(path, modes[below(4)] | (below(2) ? O_NONBLOCK : 0) | (below(8) ? 0 : O_TRUNC | O_APPEND));

	if (file < 0) {
		refused(path, "open");
		return;
	}
	count(OPENED, 1);
	while (n--)
		ops[below(sizeof(ops) / sizeof(*ops))](path, file);
	close(file);
}

/* What is there now; it may be gone before it is used. */
static void find(const char *folder)
{
	DIR *all = opendir(folder);
	struct dirent *one;
	char path[1024];

	while (all && (one = readdir(all))) {
		if (!strcmp(one->d_name, ".") || !strcmp(one->d_name, "..") || path_count == PATHS)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, one->d_name);
		if (one->d_type == DT_DIR)
			find(path);
		else
			paths[path_count++] = strdup(path);
	}
	if (all)
		closedir(all);
}

static void forget(void)
{
	while (path_count)
		free(paths[--path_count]);
}

static void run(time_t end, char **folders)
{
	unsigned int n;

	buffer = malloc(SIZE + 64);
	while (time(NULL) < end) {
		for (n = 0; folders[n]; n++)
			find(folders[n]);
		for (n = 0; n < 64 && path_count; n++)
			any_file(paths[below(path_count)]);
		forget();
	}
}

static void tell(void)
{
#define TEXT(name, text)	text,
	static const char *const texts[] = { COUNTS(TEXT) };
#undef TEXT
	unsigned int n;

	printf("edges:");
	for (n = 0; n < COUNT_N; n++)
		printf("%s %lu %s", n ? "," : "", counts[n], texts[n]);
	printf("\n");
}

int main(int argc, char **argv)
{
	unsigned int n, processes;
	int status, failed = 0;
	time_t end;

	if (argc < 5) {
		fprintf(stderr, "edges SECONDS SEED PROCESSES FOLDER...\n");
		return 2;
	}
	end = time(NULL) + atoi(argv[1]);
	processes = atoi(argv[3]);
	counts = mmap(NULL, COUNT_N * sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED)
		return 2;
	for (n = 0; n < processes; n++) {
		if (fork())
			continue;
		state = (strtoull(argv[2], NULL, 0) + 1) * (n + 1) * 0x9e3779b97f4a7c15ULL;
		run(end, argv + 4);
		_exit(0);
	}
	while (wait(&status) > 0)
		failed |= status;
	tell();
	return !!failed;
}
