/* SPDX-License-Identifier: MIT
 *
 * What a program without shared libraries has in place of two of them.
 *
 * hwloc asks libudev for names of disks, which nobody here wants, and there is no static libudev;
 * without a context it asks nothing more. And hwloc loads plugins from folders of the system that
 * it was built on: such a plugin needs a C library of its own in the same process, so there are
 * none. The linker warns of dlopen all the same: of the C library's, which is not taken; and of
 * getaddrinfo, by which libnuma finds the node of a network card, which is never asked for.
 */
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
