"""Templates of goals: what they hold, who gets them, giving them in one job and taking them back.

A template is a record of the definition `goal_template`. `content` reads it, `recipients` says who may get it, `asking`
shows what giving it would do, `giving` does it and `undoing` takes it back. What was given to whom is in `tables`.
"""
