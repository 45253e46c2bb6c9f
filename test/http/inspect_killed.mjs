// Inspection trainings of servers that are killed: see inspect.mjs.
import "./inspect.mjs";
