/* SPDX-License-Identifier: MIT
 * The processor's name from /proc/cpuinfo.  x86 says it in words; 64-bit ARM gives the fields of a register, the Main ID Register
 * (MIDR_EL1), whose numbers Arm and its licensees hand out. */
#include "base/cpus.h"
#include "base/system_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

/* Those of servers, clusters and common boards; source: Linux, arch/arm64/include/asm/cputype.h, and the vendors' manuals. */
static const struct {
	unsigned implementer, part;
	const char *name;
} arm_models[] = {
	{0x41, 0xd03, "Arm Cortex-A53"},     {0x41, 0xd05, "Arm Cortex-A55"},   {0x41, 0xd07, "Arm Cortex-A57"},
	{0x41, 0xd08, "Arm Cortex-A72"},     {0x41, 0xd09, "Arm Cortex-A73"},   {0x41, 0xd0a, "Arm Cortex-A75"},
	{0x41, 0xd0b, "Arm Cortex-A76"},     {0x41, 0xd0c, "Arm Neoverse N1"},  {0x41, 0xd40, "Arm Neoverse V1"},
	{0x41, 0xd41, "Arm Cortex-A78"},     {0x41, 0xd49, "Arm Neoverse N2"},  {0x41, 0xd4f, "Arm Neoverse V2"},
	{0x43, 0x0af, "Cavium ThunderX2"},   {0x46, 0x001, "Fujitsu A64FX"},    {0x48, 0xd01, "HiSilicon Kunpeng 920"},
	{0x61, 0x022, "Apple M1"},           {0x61, 0x023, "Apple M1"},         {0xc0, 0xac3, "AmpereOne"},
};

/* What the first processor of /proc/cpuinfo says; empty where it does not. */
struct cpuinfo {
	char model_name[CPUS_NAME], implementer[16], part[16];
};

/* "field   : value" into to, if it is that field's first. */
static void take_field(char *to, size_t size, const char *line, const char *field)
{
	const char *value = strstr(line, ": ");
	if (*to == '\0' && value && strncmp(line, field, strlen(field)) == 0)
		snprintf(to, size, "%.*s", (int)strcspn(value + 2, "\n"), value + 2);
}

static void read_cpuinfo(struct cpuinfo *info, const char *root)
{
	char line[512];
	struct system_file_buffer buffer;
	FILE *file = system_file_open(root, "/proc/cpuinfo", &buffer);
	while (file && fgets(line, sizeof line, file)) {
		take_field(info->model_name, sizeof info->model_name, line, "model name");
		take_field(info->implementer, sizeof info->implementer, line, "CPU implementer");
		take_field(info->part, sizeof info->part, line, "CPU part");
	}
	if (file)
		fclose(file);
}

static const char *arm_model(unsigned long implementer, unsigned long part)
{
	for (size_t i = 0; i < sizeof arm_models / sizeof *arm_models; i++)
		if (arm_models[i].implementer == implementer && arm_models[i].part == part)
			return arm_models[i].name;
	return NULL;
}

void cpus_model_name_from(char name[CPUS_NAME], const struct cpus_source *source)
{
	struct cpuinfo info = {0};
	struct utsname machine;
	read_cpuinfo(&info, source->root);
	const char *model = arm_model(strtoul(info.implementer, NULL, 16), strtoul(info.part, NULL, 16));
	if (model || info.model_name[0])
		snprintf(name, CPUS_NAME, "%s", model ? model : info.model_name);
	else
		snprintf(name, CPUS_NAME, "%s", uname(&machine) == 0 ? machine.machine : "unknown");
	if (!model && !info.model_name[0] && info.implementer[0] && info.part[0]) {
		const size_t length = strlen(name);
		snprintf(name + length, CPUS_NAME - length, ", implementer %s, part %s", info.implementer, info.part);
	}
}

void cpus_model_name(char name[CPUS_NAME])
{
	const struct cpus_source source = {.root = ""};
	cpus_model_name_from(name, &source);
}
