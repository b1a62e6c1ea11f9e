"""Lu par « odoo shell » : réécrit les catalogues de traductions (`./cnas traduire`)."""
import os

from odoo.addons.cnas_base import traduction

for addon, (phrases, vides) in traduction.reecrire(env.cr, os.environ["CNAS_ADDONS"].split(",")).items():  # noqa: F821
    print(f"{addon} : {phrases} phrases, {vides} à traduire")  # noqa: T201
