"""The root of orders."""

import strawberry

from schema.account_management import AccountMutations
from schema.second_factor import SecondFactorMutations
from schema.sessions import SessionMutations


@strawberry.type(description="What can be ordered. Each order answers with its success or with problems.")
class Mutation(SessionMutations, AccountMutations, SecondFactorMutations):
    pass
