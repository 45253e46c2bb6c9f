/* cmd/commands.h - the subcommands' entry points, for the table in main.c only. */
#ifndef AY_CMD_COMMANDS_H
#define AY_CMD_COMMANDS_H

int ay_cmd_config(int argc, char **argv);

#endif
