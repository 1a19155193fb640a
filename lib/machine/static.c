/* SPDX-License-Identifier: MIT
 *
 * What a program without shared libraries has in place of some of them. All is linked, before the
 * libraries, so that they find these and bring no more of their own.
 *
 * hwloc asks libudev for names of disks, which nobody here wants, and there is no static libudev;
 * without a context it asks nothing more. And hwloc loads plugins from folders of the system that
 * it was built on: such a plugin needs a C library of its own in the same process, so there are
 * none. The linker warns of dlopen all the same: of the C library's, which is not taken.
 * By getaddrinfo libnuma finds the node of a network card, which is never asked for; a fiftieth of
 * the program would be for that. libdw has disassemblers, of which nothing here asks either.
 */
#include <netdb.h>
#include <stddef.h>

struct udev;
struct udev_device;

struct udev *udev_new(void);
struct udev *udev_unref(struct udev *context);
struct udev_device *udev_device_new_from_subsystem_sysname(struct udev *context,
                                                           const char *subsystem, const char *name);
const char *udev_device_get_property_value(struct udev_device *device, const char *key);
struct udev_device *udev_device_unref(struct udev_device *device);
void *dlopen(const char *path, int mode);
void *dlsym(void *restrict handle, const char *restrict name);
int dlclose(void *handle);
char *dlerror(void);
int x86_64_disasm(void);
int i386_disasm(void);
int riscv_disasm(void);
int bpf_disasm(void);

struct udev *udev_new(void)
{
    return NULL;
}

struct udev *udev_unref(struct udev *context)
{
    (void)context;
    return NULL;
}

struct udev_device *udev_device_new_from_subsystem_sysname(struct udev *context,
                                                           const char *subsystem, const char *name)
{
    (void)context;
    (void)subsystem;
    (void)name;
    return NULL;
}

const char *udev_device_get_property_value(struct udev_device *device, const char *key)
{
    (void)device;
    (void)key;
    return NULL;
}

struct udev_device *udev_device_unref(struct udev_device *device)
{
    (void)device;
    return NULL;
}

void *dlopen(const char *path, int mode)
{
    (void)path;
    (void)mode;
    return NULL;
}

void *dlsym(void *restrict handle, const char *restrict name)
{
    (void)handle;
    (void)name;
    return NULL;
}

int dlclose(void *handle)
{
    (void)handle;
    return -1;
}

char *dlerror(void)
{
    static char why[] = "a static program loads nothing";
    return why;
}

int getaddrinfo(const char *restrict name, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
    (void)name;
    (void)service;
    (void)hints;
    (void)found;
    return EAI_FAIL;
}

void freeaddrinfo(struct addrinfo *found)
{
    (void)found;
}

const char *gai_strerror(int error)
{
    (void)error;
    return "a static program asks for no name";
}

int x86_64_disasm(void)
{
    return -1;
}

int i386_disasm(void)
{
    return -1;
}

int riscv_disasm(void)
{
    return -1;
}

int bpf_disasm(void)
{
    return -1;
}
